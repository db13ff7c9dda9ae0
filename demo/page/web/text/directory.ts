import { createContext, useContext } from 'react';
import type { SlackWorkspace } from '../../contract/slack.ts';

/** Names behind the ids that Slack's text is full of. */
export interface Directory {
  readonly person: (id: string) => string;
  readonly channel: (id: string) => string;
}

const UNKNOWN: Directory = { person: (id) => id, channel: (id) => id };

const DirectoryContext = createContext<Directory>(UNKNOWN);

export const DirectoryProvider = DirectoryContext.Provider;

export function useDirectory(): Directory {
  return useContext(DirectoryContext);
}

/** An unknown id stands for itself. */
export function directoryOf(workspace: SlackWorkspace): Directory {
  const people = new Map(workspace.people.map((person) => [person.id, person.realName || person.name]));
  const channels = new Map(workspace.channels.map((channel) => [channel.id, channel.name]));
  return { person: (id) => people.get(id) ?? id, channel: (id) => channels.get(id) ?? id };
}
