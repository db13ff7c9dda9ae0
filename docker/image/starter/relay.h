/*
 * The programs of the image that run beside the agent, as a user of their own:
 *
 * - The first program of a sandbox (entry.c). It answers the sandbox's questions for names and starts the relay.
 * - The relay, HAProxy. It hands the bytes of connections to the proxy's sockets.
 *
 * The starter recognizes both (relay.c).
 */
#ifndef RELAY_H
#define RELAY_H

#define ENTRY_PROGRAM "/usr/local/lib/bellhop/entry"
#define ENTRY_ARGUMENTS ENTRY_PROGRAM

/* HAProxy with its libraries and their loader, in a folder of its own: an image of a team may have other libraries or none. */
#define RELAY_FOLDER "/usr/local/lib/bellhop/haproxy"
#define RELAY_PROGRAM RELAY_FOLDER "/relay"
#define RELAY_ARGUMENTS \
  RELAY_PROGRAM, "--inhibit-cache", "--library-path", RELAY_FOLDER, RELAY_FOLDER "/haproxy", "-db", "-f", \
      "/usr/local/lib/bellhop/haproxy.cfg"
/* For clients that know of the proxy, on 127.0.0.1. */
#define RELAY_PORT 3128

#define BOOT_FILE "/run/boot/id"

#endif
