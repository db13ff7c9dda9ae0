/** A child that never gets ready. */
setInterval(() => {}, 60_000);
