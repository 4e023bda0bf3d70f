// Plain JavaScript that even an old Node can read: says in one sentence what is wrong, before anything needs a newer one.
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(
    'Teloring runs on Node 24 and this is ' +
      process.version +
      ' (' +
      process.execPath +
      '). Run `npm ci` and start with `npm start`, which brings its own Node 24.',
  );
  process.exit(1);
}
if (process.platform === 'win32') {
  console.error('Teloring runs on Linux and macOS. On Windows, start it inside WSL; nothing was changed.');
  process.exit(1);
}
