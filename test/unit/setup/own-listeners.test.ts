import { readOwnListeners } from '../../../proxy/operator/own-listeners.ts';
import { listenersOf } from '../../../workers/up/own-listeners.ts';

test.each([
  ['postgres://owner:secret@127.0.0.1:7320/postgres', '127.0.0.1:7320'],
  ['postgres://owner@127.0.0.1/bellhop', '127.0.0.1:5432'],
  ['postgresql://10.0.0.5/bellhop?sslmode=require', '10.0.0.5:5432'],
  ['postgres://[::1]:5433/bellhop', '[::1]:5433'],
  ['temporal://10.0.0.6:7233', '10.0.0.6:7233'],
  ['temporal://10.0.0.6', '10.0.0.6:7233'],
  ['tcp://10.0.0.8:2376', '10.0.0.8:2376'],
  ['http://127.0.0.1:7070/?token=x', '127.0.0.1:7070'],
  ['https://10.0.0.7/', '10.0.0.7:443'],
])('%s listens on %s', async (url, listener) => {
  expect(await listenersOf([url])).toEqual([listener]);
});

test.each(['postgres://localhost:5433/bellhop', 'postgres:///bellhop', 'temporal://localhost:5433'])(
  'names are looked up, as in %s',
  async (url) => {
    const port = url.includes('///') ? 5432 : 5433;
    const listeners = await listenersOf([url]);
    expect(listeners).toContain(`127.0.0.1:${port}`);
    // The proxy understands each of them.
    expect(readOwnListeners(listeners.join())).toHaveLength(listeners.length);
  },
);

test("what has no URL, no address, or is somebody else's is left out, and nothing is there twice", async () => {
  expect(
    await listenersOf([undefined, 'unix:///var/run/docker.sock', 'https://there-is-no-such-host.invalid/']),
  ).toEqual([]);
  expect(await listenersOf(['http://10.0.0.9/', 'http://127.0.0.1/'], (address) => address.startsWith('127.'))).toEqual(
    ['127.0.0.1:80'],
  );
  expect(await listenersOf(['http://127.0.0.1/a', 'http://127.0.0.1/b'])).toEqual(['127.0.0.1:80']);
});
