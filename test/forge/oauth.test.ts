/** A person grants a token at a real forge, by a page on this machine, and works there in their own name. */
import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { freePort } from '../support/free-port.ts';
import { toolSteps, waitForTurn } from '../support/installation/turns.ts';
import { createOAuthBrowser, type OAuthBrowser } from '../support/oauth-browser.ts';
import { ADMIN, accessTo, expectCreated, FORGE_URL, type ForgeStage, startForgeStage } from './support/forge-stage.ts';
import { GITEA_HOST } from './support/gitea.ts';

const ADA = { name: 'ada', password: 'a-long-password-of-ada-1' };
const API = `${FORGE_URL}/api/v1/repos/acme/shop`;

let stage: ForgeStage;
let browser: OAuthBrowser;
let clientId: string;

beforeAll(async () => {
  const port = await freePort();
  const callback = `http://127.0.0.1:${port}`;
  stage = await startForgeStage({
    repositories: ['shop'],
    installation: { environment: { BELLHOP_CALLBACK_URL: callback } },
  });
  const { gitea, bellhop } = stage;
  await gitea.createUser(ADA);
  await gitea.api(ADMIN, 'PUT', '/repos/acme/shop/collaborators/ada', { permission: 'write' });
  const registered = await gitea.api(ADMIN, 'POST', '/user/applications/oauth2', {
    ...{ name: 'Bellhop', confidential_client: false, redirect_uris: [`${callback}/oauth/callback/gitea`] },
  });
  await expectCreated(Promise.resolve(registered));
  clientId = (registered.body as { client_id: string }).client_id;
  const addresses = [`127.0.0.1/32:${gitea.port}`];
  const oauth = { 'client-id': clientId, 'client-auth': 'none' };
  await bellhop.apply(
    stringify({
      ...accessTo(gitea),
      people: { offer: [{ preset: 'gitea', host: GITEA_HOST, addresses, oauth }] },
    }),
  );
  const hosts = { [GITEA_HOST]: `https://127.0.0.1:${gitea.port}`, [`127.0.0.1:${port}`]: callback };
  browser = createOAuthBrowser('ada', hosts, await readFile(gitea.authorityFile, 'utf8'));
}, 360_000);

afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

/** What a form of a page would send. */
function fieldsOf(html: string): Record<string, string> {
  const inputs = [...html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => tag);
  const value = (tag: string, name: string) => new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&');
  return Object.fromEntries(inputs.flatMap((tag) => [[value(tag, 'name') ?? '', value(tag, 'value') ?? '']]));
}

test('a person grants a token with PKCE, and opens a pull request under their name with it, renewed as they go', async () => {
  const { slack, database } = stage.bellhop;
  const dm = await slack.openDm('ada');
  const asked = await slack.post('ada', dm, 'connect gitea');
  const answer = await slack.waitForAnswer(asked, /in a browser on the machine where I run/);
  await slack.click('ada', answer, 'bellhop_connect');
  const form = JSON.stringify((await slack.waitForModal('ada')).blocks);
  const link = /<(https:[^|>]+)\|Open /.exec(form)?.[1]?.replaceAll('&amp;', '&') ?? '';
  await slack.closeModal('ada');

  const login = await browser.open(link);
  const consent = await browser.send(`${FORGE_URL}/user/login`, {
    ...{ ...fieldsOf(login.text), user_name: ADA.name, password: ADA.password },
  });
  expect(consent.text).toContain('Bellhop');
  const page = await browser.send(`${FORGE_URL}/login/oauth/grant`, { ...fieldsOf(consent.text), granted: 'true' });
  const letters = /<strong>([A-Z-]{9})<\/strong>/.exec(page.text)?.[1] ?? '';
  const told = await slack.waitForAnswer(asked, /the account is \*ada\*/);
  await slack.click('ada', told, 'bellhop_confirm');
  await slack.waitForModal('ada');
  expect(await slack.submit('ada', { proof: letters })).toMatchObject({ closed: true });
  await slack.waitForAnswer(asked, /is connected/);

  // The server takes no code without its verifier, and none twice.
  const code = new URL(page.url).searchParams.get('code') ?? '';
  const again = await browser.send(`${FORGE_URL}/login/oauth/access_token`, {
    ...{ grant_type: 'authorization_code', code, client_id: clientId },
    redirect_uri: String(new URL(link).searchParams.get('redirect_uri')),
  });
  expect(again.status).toBe(400);

  // A token lives for 20 s, so each burst but the first finds one that is near its end or past it.
  // A connection that breaks while 50 begin at once is tried again. A grant that has ended stays at 502 through every try.
  const burst = `seq 50 | xargs -P 50 -I{} curl -s --retry 3 --retry-all-errors -o /dev/null -w '%{http_code}\\n' ${API}/branches`;
  const script = [
    `$ git clone -q ${FORGE_URL}/acme/shop.git && cd shop && git switch -qc bellhop/note && echo x > note && git add note && git commit -qm note && git push -q origin HEAD && git --no-pager log -1 --format='%an <%ae>'`,
    `$ printf '{"title":"WIP: note","head":"bellhop/note","base":"main"}' | curl -sS --fail-with-body -H 'content-type: application/json' -d @- ${API}/pulls | grep -o '"login":"[a-z]*"' | head -1`,
    `$ for n in 1 2 3; do [ $n = 1 ] || sleep 18; ${burst} | sort | uniq -c; done`,
  ].join('\n');
  const message = await slack.post('ada', dm, script);
  expect(await waitForTurn(stage.bellhop, message, 1, 180_000)).toMatchObject({ state: 'answered' });
  const [commit, pull, bursts] = (await toolSteps(stage.bellhop, message)).map(({ output }) => output ?? '');
  expect(commit).toContain(`ada <ada@noreply.${GITEA_HOST}>`);
  expect(pull).toContain('"login":"ada"');
  // One refresh token sent twice would have ended the grant.
  expect(bursts?.trim().split(/\s*\n\s*/)).toEqual(Array(3).fill(expect.stringMatching(/^50 200$/)));
  const { rows } = await database.query<{ generation: number }>('select generation from personal_connection');
  expect(rows[0]?.generation).toBeGreaterThanOrEqual(2);
  expect(rows[0]?.generation).toBeLessThanOrEqual(8);
  const { body } = await stage.gitea.api(ADMIN, 'GET', '/repos/acme/shop/pulls?state=open');
  expect(body).toMatchObject([{ title: 'WIP: note', user: { login: 'ada' } }]);
}, 300_000);
