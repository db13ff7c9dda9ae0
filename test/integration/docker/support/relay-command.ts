const FOLDER = '/usr/local/lib/bellhop/haproxy';

/** How a sandbox's first program starts the relay (docker/image/starter/relay.h). */
export const RELAY = `${FOLDER}/relay --inhibit-cache --library-path ${FOLDER} ${FOLDER}/haproxy -db -f /usr/local/lib/bellhop/haproxy.cfg`;
