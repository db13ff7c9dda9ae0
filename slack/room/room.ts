import type { SlackRoom } from '../../contracts/slack-reading.ts';
import { createDirectoryLists } from './directory-lists.ts';
import { findChannels, findPeople } from './look-up.ts';
import { type PostOptions, planPost, postElsewhere } from './post-elsewhere.ts';
import { readChannel, readMessage, readPins } from './read-channel.ts';
import { readOwnThread } from './read-thread.ts';
import { removeOwnPost } from './remove-own-post.ts';
import { searchMessages } from './search.ts';

/** What tools use of Slack, with the app's own token and within its rate limits. */
export function createSlackRoom(given: Omit<PostOptions, 'lists'>): SlackRoom {
  const options: PostOptions = { ...given, lists: createDirectoryLists(given.calls, given.identity) };
  return {
    thread: (reader, wish, signal) => readOwnThread(options, reader, wish, signal),
    channel: (reader, wish) => readChannel(options, reader, wish),
    pins: (reader, wish) => readPins(options, reader, wish),
    message: (reader, wish, signal) => readMessage(options, reader, wish, signal),
    people: (reader, name) => findPeople(options, reader, name),
    channels: (reader, name) => findChannels(options, reader, name),
    search: (reader, wish, signal) => searchMessages(options, reader, wish, signal),
    planPost: (reader, wish) => planPost(options, reader, wish),
    remove: (reader, by, wish, signal) => removeOwnPost(options, reader, { ...wish, by }, signal),
    post: (reader, key, wish, signal) => postElsewhere(options, reader, key, wish, signal),
  };
}
