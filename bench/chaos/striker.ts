import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from '../../test/support/installation/containers.ts';
import { endsUp, type Fault } from './faults.ts';
import type { Site } from './site.ts';
import { signal, type Victims, victimsOf } from './victims.ts';

/** How long a target that does not run yet is waited for. */
const THERE_MS = 60_000;

/** A fault on its way. */
export interface Striking {
  /** Resolves when it has begun, or had nothing to strike. */
  readonly begun: Promise<void>;
  /**
   * When it was over, by the clock that answers are measured by: the signal was sent, the processes went on, or `up` was started again.
   * Null when its target was not there for a minute.
   */
  readonly ended: Promise<number | null>;
  /** Resolves when `up` runs again, if the fault ended it. */
  readonly over: Promise<void>;
}

export interface Striker extends AsyncDisposable {
  strike(fault: Fault): Striking;
  /** How many faults are under way. */
  readonly underWay: number;
}

export function createStriker(site: Site, now: () => number): Striker {
  /** How many freezes hold a process; it goes on when the last one is over. */
  const frozen = new Map<number, { readonly victim: Victims; holds: number }>();
  let underWay = 0;

  async function there(fault: Fault): Promise<Victims> {
    const end = now() + THERE_MS;
    for (;;) {
      const victims = await victimsOf(site, fault.target);
      if (victims.length > 0 || now() > end) return victims;
      await sleep(100);
    }
  }

  async function freeze(victims: Victims, ms: number): Promise<void> {
    for (const victim of victims) {
      const held = frozen.get(victim.pid) ?? { victim: [victim], holds: 0 };
      held.holds += 1;
      frozen.set(victim.pid, held);
    }
    await signal(victims, 'SIGSTOP');
    await sleep(ms);
    for (const { pid } of victims) {
      const held = frozen.get(pid);
      if (!held) continue;
      held.holds -= 1;
      if (held.holds > 0) continue;
      frozen.delete(pid);
      await signal(held.victim, 'SIGCONT');
    }
  }

  /** The machine is without power for a while: processes and containers have ended in whatever they did. */
  async function cutPower(victims: Victims): Promise<void> {
    site.up.expectEnd();
    await signal(victims, 'SIGKILL');
    const label = `label=bellhop.installation=${site.installation}`;
    const running = (await docker('ps', '-q', '--filter', label)).split('\n').filter(Boolean);
    // One that ends meanwhile is refused.
    await Promise.all(running.map((id) => docker('kill', id).catch(() => '')));
    await site.up.end('SIGKILL');
  }

  async function apply(fault: Fault, victims: Victims): Promise<void> {
    if (fault.kind === 'frozen') return freeze(victims, fault.forMs);
    const name = fault.kind === 'killed' ? 'SIGKILL' : 'SIGTERM';
    if (!endsUp(fault)) return signal(victims.slice(0, 1), name);
    if (fault.target === 'everything') await cutPower(victims);
    else await site.up.end(name);
    await sleep(fault.forMs);
  }

  async function strike(fault: Fault, onBegun: () => void, onEnded: (at: number | null) => void): Promise<void> {
    const victims = await there(fault);
    onBegun();
    if (victims.length === 0) return onEnded(null);
    underWay += 1;
    try {
      await apply(fault, victims);
      onEnded(now());
      if (endsUp(fault)) await site.up.start();
    } finally {
      underWay -= 1;
    }
  }

  return {
    get underWay() {
      return underWay;
    },
    strike(fault) {
      const begun = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<number | null>();
      const over = strike(fault, begun.resolve, ended.resolve);
      over.catch(ended.reject);
      return { begun: begun.promise, ended: ended.promise, over };
    },
    async [Symbol.asyncDispose]() {
      for (const { victim } of frozen.values()) await signal(victim, 'SIGCONT');
    },
  };
}
