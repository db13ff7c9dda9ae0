import { headerKey } from '../../../access/header-names.ts';
import { isCredentialHeader, isCredentialParameter } from '../../../proxy/request/credential-names.ts';

const words = (text: string) => text.trim().split(/\s+/);

test.each([
  ['written apart', 'Authorization X-Auth-Token X-Api-Key X-Access-Token X-Client-Secret X-User-Password X-Auth-Email'],
  ['run together', 'XApiKey AuthToken XAuthToken ApiToken X-ApiToken X-AccessToken UserToken X-TrackerToken xapitoken'],
  ['run together with a key', 'AccessKey X-AccessKey SecretKey X-SecretKey PrivateKey X-LicenseKey AppKey ClientKey'],
  [
    'with the name of a service',
    'X-RapidAPI-Key Fastly-Key X-Insert-Key X-MBX-APIKEY X-Postmark-Server-Token DD-API-KEY',
  ],
  [
    'of an exchange',
    'CB-ACCESS-KEY CB-ACCESS-SIGN CB-ACCESS-PASSPHRASE API-Sign KC-API-SIGN OK-ACCESS-SIGN X-BAPI-SIGN',
  ],
  ['short', 'X-PAT PAT X-OTP X-GitHub-OTP X-Sig DPoP X-HMAC X-Pass X-User-Pwd X-Session'],
  ['of a login', 'XAuth X-UserAuth BasicAuth OAuth X-OAuth2 X-Bearer X-Credentials X-Passcode X-Authenticated-User'],
  ['signed', 'Signature Signature-Input X-Signature X-NCP-APIGW-Signature X-Hub-Signature-256 Stripe-Signature'],
  ['of a session', 'Cookie Cookie2 X-SessionId X-Session-Id SessionToken X-Parse-Session-Token JSESSIONID'],
  ['with another separator', 'X_API_KEY X.Api.Key Api_Token CB_ACCESS_SIGN X_PAT'],
  ['protected from forgery', 'X-CSRF-Token X-XSRF-TOKEN'],
  ['by name only', 'X-JFrog-Art-Api X-Honeycomb-Team'],
])('a header %s is a credential', (_how, names) => {
  expect(words(names).filter((name) => !isCredentialHeader(headerKey(name)))).toEqual([]);
});

test.each([
  [
    'of every request',
    'Accept Accept-Language Content-Type Content-Encoding User-Agent Range If-None-Match Origin Referer',
  ],
  ['of a conversation or a lock', 'Mcp-Session-Id X-Atlassian-Token Lock-Token X-Ms-Session-Token Idempotency-Key If'],
  ['of a list', 'X-Ms-Continuation X-Ms-ContinuationToken X-Ms-Continuation-Token X-Next-Token'],
  [
    'of a store',
    'Surrogate-Key X-Cache-Key X-Routing-Key X-Message-Key X-Ms-Documentdb-PartitionKey ce-partitionkey Sec-WebSocket-Key',
  ],
  [
    'of S3 and its like',
    'X-Amz-Content-Sha256 X-Amz-Date X-Amz-Acl X-Amz-Server-Side-Encryption-Customer-Key ' +
      'X-Amz-Server-Side-Encryption-Customer-Key-MD5 X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id X-Goog-Encryption-Key-Sha256',
  ],
  [
    'that sounds like one',
    'Author X-Author-Email X-Authority X-Tokenizer X-Max-Tokens X-Keyboard X-Design X-Assign-To X-Compass',
  ],
  [
    'of an API',
    'Anthropic-Version OpenAI-Organization X-GitHub-Api-Version Notion-Version X-Goog-Api-Client X-Public-Key',
  ],
  [
    'of a proxy or a trace',
    'X-Request-Id Traceparent X-Pass-Through X-Signed-Off-By X-Path X-Pattern Docker-Content-Digest',
  ],
])('a header %s is none', (_how, names) => {
  expect(words(names).filter((name) => isCredentialHeader(headerKey(name)))).toEqual([]);
});

test.each([
  [
    'tokens',
    'token access_token accessToken personal_access_token private_token id_token refresh_token job_token sastoken',
  ],
  ['keys', 'apikey api_key API-KEY AWSAccessKeyId OSSAccessKeyId subscription-key app_key client_key secretKey'],
  ['secrets', 'secret api_secret client_secret secret_id password password1 passwd passphrase pwd pass user_password'],
  [
    'signatures',
    'sig sign signature Signature X-Amz-Signature X-Goog-Signature X-Amz-Security-Token X-Amz-Credential hmac',
  ],
  [
    'logins',
    'auth Authorization auth_token auth_code oauth_token oauth_consumer_key basicAuth jwt assertion client_assertion',
  ],
  [
    'other spellings',
    'access%5Ftoken access.token access_token[] user[api_key] user[password] api%5fkey %61ccess_token%00y',
  ],
  ['sessions', 'sessionToken PHPSESSID JSESSIONID'],
  ['Google signed URLs', 'GoogleAccessId'],
])('query parameters that are %s are credentials', (_what, names) => {
  expect(words(names).filter((name) => !isCredentialParameter(name))).toEqual([]);
});

test.each([
  [
    'places in a list',
    'page_token pageToken nextToken next_page_token continuation-token sync_token cursor page[token] start_token',
  ],
  ['numbers against doubles', 'ClientToken clientRequestToken request_token idempotency_key'],
  [
    'words of a search',
    'author authors authority authuser design assign pattern key keys q tokens max_tokens stop_token',
  ],
  ['times and pages', 'sign_in signed_at since until page per_page sort order session_id device_token csrf_token'],
  [
    'about credentials',
    'secret_type hide_secret include_api_keys show_password token_type auth_type signature_version',
  ],
  ['times of a signed URL', 'X-Amz-Date X-Amz-Expires X-Amz-SignedHeaders X-Amz-Algorithm Expires'],
])('query parameters that are %s are none', (_what, names) => {
  expect(words(names).filter((name) => isCredentialParameter(name))).toEqual([]);
});
