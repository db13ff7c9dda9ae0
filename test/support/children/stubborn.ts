/** A child that does not stop when asked, nor when nobody holds it any more. */
process.on('SIGTERM', () => {});
process.stdout.write(`${JSON.stringify({ ready: 'stubborn' })}\n`);
setInterval(() => {}, 60_000);
