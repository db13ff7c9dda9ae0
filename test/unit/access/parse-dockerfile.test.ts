import { parseDockerfile } from '../../../access/environments/parse-dockerfile.ts';

/** Put together here, so that nothing in this file looks like one to whoever searches it. */
const TOKEN = `gh${'p_'}${'a1B2'.repeat(9)}`;

function problems(text: string): string[] {
  const parsed = parseDockerfile(text);
  return 'problems' in parsed ? parsed.problems.map(({ line, message }) => `${line}: ${message}`) : [];
}

test('a Dockerfile is read step by step, with lines that go on and comments between them', () => {
  const text = `# what the team uses
ARG TAG=1.2
FROM registry.example/team/base:\${TAG} AS tools
ENV A=1 B="two words" PATH=/opt/x/bin:$PATH
ENV OLD form of it
ARG VERSION
ARG WITH="a b"
RUN apt-get update \\
  # of Debian
  && apt-get install -y jq
RUN ["pip", "install", "a b"]
COPY --chown=agent:agent --chmod=755 requirements.txt scripts/*.sh /opt/x/
COPY ["my file", "/opt/"]
WORKDIR "/opt/x"
USER nobody
SHELL ["/bin/bash", "-c"]
LABEL a=b
CMD ["x"]
`;
  const parsed = parseDockerfile(text);
  expect('problems' in parsed ? parsed.problems : []).toEqual([]);
  expect(parsed).toMatchObject({
    image: 'registry.example/team/base:1.2',
    steps: [
      {
        line: 4,
        do: 'env',
        values: [
          ['A', '1'],
          ['B', 'two words'],
          ['PATH', '/opt/x/bin:$PATH'],
        ],
      },
      { line: 5, do: 'env', values: [['OLD', 'form of it']] },
      { line: 6, do: 'arg', name: 'VERSION', value: null },
      { line: 7, do: 'arg', name: 'WITH', value: 'a b' },
      {
        line: 8,
        do: 'run',
        shell: 'apt-get update   && apt-get install -y jq',
        text: expect.stringMatching(/^RUN apt-get update/),
      },
      { line: 11, do: 'exec', words: ['pip', 'install', 'a b'] },
      {
        line: 12,
        do: 'copy',
        from: ['requirements.txt', 'scripts/*.sh'],
        to: '/opt/x/',
        owner: 'agent:agent',
        mode: '755',
      },
      { line: 13, do: 'copy', from: ['my file'], to: '/opt/', owner: null, mode: null },
      { line: 14, do: 'workdir', path: '/opt/x' },
      { line: 15, do: 'user', name: 'nobody' },
      { line: 16, do: 'shell', words: ['/bin/bash', '-c'] },
    ],
  });
});

test.each([
  ['RUN true\n', /^1: stands before FROM$/],
  ['# nothing\n', /^1: has no FROM$/],
  ['FROM a\nFROM b\n', /^2: a second FROM: only one stage is built here$/],
  ['FROM --platform=linux/arm64 a\n', /^1: FROM takes no options here/],
  ['FROM Not/An:Image:\n', /^1: .* is no name of an image/],
  ['FROM a\nADD https://evil.test/x /x\n', /^2: ADD is not carried out here: use COPY .* through the proxy/],
  ['FROM a\nVOLUME /data\n', /^2: VOLUME is not carried out here/],
  ['FROM a\nONBUILD RUN x\n', /^2: ONBUILD is not carried out here/],
  [
    'FROM a\nRUN --mount=type=secret,id=x cat /run/secrets/x\n',
    /^2: RUN --mount=type=secret,id=x is not carried out here/,
  ],
  ['FROM a\nRUN --network=host x\n', /^2: RUN --network=host is not carried out here/],
  ['FROM a\nRUN cat <<EOF > /x\n', /^2: a document inside RUN/],
  ['FROM a\nCOPY --from=b /x /x\n', /^2: COPY --from=b is not carried out here/],
  ['FROM a\nCOPY $X /x\n', /^2: COPY takes files by their names here/],
  ['FROM a\nCOPY x\n', /^2: COPY takes files and a place for them$/],
  ['FROM a\nENV LD_PRELOAD=/x.so\n', /^2: ENV: LD_PRELOAD is set by the sandbox itself$/],
  ['FROM a\nARG HTTPS_PROXY=http://x\n', /^2: ARG: HTTPS_PROXY is set by the sandbox itself$/],
  ['FROM a\nENV API_TOKEN=x\n', /^2: ENV: API_TOKEN is no place for a secret/],
  [`FROM a\nRUN curl -H "x: ${TOKEN}" https://x\n`, /^2: holds what looks like a token of GitHub/],
  ['FROM a\nRUM x\n', /^2: RUM is no instruction that is known here$/],
  ['FROM a\nSHELL bash\n', /^2: SHELL takes a list/],
])('%j is refused with its line and the reason', (text, reason) => {
  const [first = '', ...others] = problems(text);
  expect(first).toMatch(reason);
  expect(others).toEqual([]);
});

test('a here-string of bash is no document, and a redirection neither', () => {
  expect(problems('FROM a\nRUN bash -c "cat <<< x > y"\n')).toEqual([]);
});

test('what is repeated of a Dockerfile is short', () => {
  const parsed = parseDockerfile(`FROM a\nRUN echo ${'x'.repeat(5_000)}\n`);
  if ('problems' in parsed) throw new Error('it has problems');
  expect(parsed.steps[0]?.text.length).toBe(120);
});
