import { parse } from 'yaml';
import { discoveryText } from '../../../cli/connections/discovery-text.ts';

const ISSUER = 'https://login.a.test';
const FOUND = {
  ...{ issuer: ISSUER, authorizeUrl: `${ISSUER}/a`, tokenUrl: `${ISSUER}/t`, deviceUrl: null },
  ...{ scopes: ['api'], clientId: null, namesIssuer: true, registersClients: true },
};

test('no text of a server reaches the terminal with what the terminal would obey', () => {
  const bad = "\u001b[2K\n  client-id: 'x'\r\u202e\u0085 # a: b";
  const clean = "?[2K?  client-id: 'x'??? # a: b";
  const found = {
    ...{ issuer: bad, authorizeUrl: bad, tokenUrl: bad, deviceUrl: bad, scopes: [bad], clientId: bad },
    ...{ namesIssuer: true, registersClients: true },
  };
  const text = discoveryText('notes', found, 'https://b.a.test/oauth/callback/notes');
  expect(text).not.toMatch(/[^\n\P{Cc}]|\p{Cf}/u);
  expect(parse(text.slice(text.indexOf('\n  oauth:')))).toEqual({
    oauth: {
      ...{ 'client-id': clean, issuer: clean, 'names-issuer': true, scopes: [clean] },
      ...{ 'authorize-url': clean, 'token-url': clean, 'device-url': clean },
    },
  });
});

test('what is in order is printed as it is', () => {
  const text = discoveryText('notes', { ...FOUND, clientId: 'c1' }, 'https://b.a.test/oauth/callback/notes');
  expect(text).toContain(`at ${ISSUER}.\n`);
  expect(parse(text.slice(text.indexOf('\n  oauth:')))).toEqual({
    oauth: {
      ...{ 'client-id': 'c1', issuer: ISSUER, 'names-issuer': true, scopes: ['api'] },
      ...{ 'authorize-url': `${ISSUER}/a`, 'token-url': `${ISSUER}/t` },
    },
  });
});
