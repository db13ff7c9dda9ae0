import type { SlackRoom } from '../../contracts/slack-reading.ts';
import { type RoomOptions, readOwnThread } from './read-thread.ts';

/** What tools read of Slack, with the app's own token and within its rate limits. */
export function createSlackRoom(options: RoomOptions): SlackRoom {
  return {
    thread: (reader, wish, signal) => readOwnThread(options, reader, wish, signal),
  };
}
