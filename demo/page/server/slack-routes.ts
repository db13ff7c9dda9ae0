import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SlackSource } from './slack-source.ts';

const id = z.string().regex(/^[A-Z0-9]{1,40}$/);
const ts = z.string().regex(/^\d{9,11}\.\d{6}$/);
const anyText = z.string().max(40_000, 'Slack takes at most 40,000 characters.');
const text = anyText.min(1, 'There is nothing to post.');
const acting = { as: id, channel: id };

const POST = z.object({ ...acting, threadTs: ts.optional(), text });
const EDIT = z.object({ ...acting, ts, text });
const REMOVE = z.object({ ...acting, ts });
const REACT = z.object({ ...acting, ts, name: z.string().regex(/^[a-z0-9_+'-]{1,60}$/), remove: z.boolean() });
const press = {
  blockId: z.string().max(255).optional(),
  actionId: z.string().max(255),
  value: z.string().max(2_000).optional(),
};
const CLICK = z.object({ ...acting, ...press, ts });
const HOME_PRESS = z.object({ ...press, as: id });
const SUBMIT = z.object({ as: id, values: z.record(z.string().max(255), z.string().max(3_000)) });
const PERSON = z.object({ as: id });
const UPLOAD = z.object({
  ...acting,
  threadTs: ts.optional(),
  text: anyText.default(''),
  name: z.string().min(1).max(255),
});

/** Pictures a browser draws and never runs. Not SVG: it can carry a script. */
const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const UPLOAD_LIMIT = 20 * 1024 * 1024;

/** What the Slack pane does. Input that is not as described is answered 400, a refusal of the simulator 409. */
export function addSlackRoutes(app: FastifyInstance, slack: SlackSource): void {
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: UPLOAD_LIMIT },
    (_, body, done) => done(null, body),
  );
  app.post('/api/slack/post', (request) => slack.post(POST.parse(request.body)));
  app.post('/api/slack/edit', async (request) => done(slack.edit(EDIT.parse(request.body))));
  app.post('/api/slack/remove', async (request) => done(slack.remove(REMOVE.parse(request.body))));
  app.post('/api/slack/react', async (request) => done(slack.react(REACT.parse(request.body))));
  app.post('/api/slack/click', async (request) => done(slack.click(CLICK.parse(request.body))));
  app.post('/api/slack/direct', (request) => slack.openDirect(PERSON.parse(request.body)));
  app.post('/api/slack/home', async (request) => done(slack.openHome(PERSON.parse(request.body))));
  app.post('/api/slack/home-press', async (request) => done(slack.pressAtHome(HOME_PRESS.parse(request.body))));
  app.post('/api/slack/submit', (request) => slack.submit(SUBMIT.parse(request.body)));
  app.post('/api/slack/dismiss', async (request) => done(slack.dismiss(PERSON.parse(request.body))));
  app.post('/api/slack/upload', { bodyLimit: UPLOAD_LIMIT }, async (request) =>
    done(slack.upload({ ...UPLOAD.parse(request.query), bytes: request.body as Buffer })),
  );

  app.get('/api/slack/files/:id', async (request, reply) => {
    const file = await slack.file(z.object({ id }).parse(request.params).id);
    if (!file) return reply.code(404).send({ error: { code: 'not_found', message: 'There is no such file.' } });
    const shown = PICTURES.includes(file.mimetype);
    return (
      reply
        // Whatever a person or the agent made runs nothing here.
        .header('content-security-policy', "sandbox; default-src 'none'")
        .header('content-disposition', `${shown ? 'inline' : 'attachment'}; filename*=UTF-8''${encode(file.name)}`)
        .header('cache-control', 'private, max-age=3600')
        .type(shown ? file.mimetype : 'application/octet-stream')
        .send(file.bytes)
    );
  });
}

async function done(work: Promise<void>): Promise<{ ok: true }> {
  await work;
  return { ok: true };
}

/** RFC 8187 §3.2.1: more characters are escaped than `encodeURIComponent` does. */
function encode(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}
