// The same mark as the program's own window sets.
requestAnimationFrame(() =>
  requestAnimationFrame(() => {
    performance.mark('painted');
    document.documentElement.dataset.ready = 'true';
  }),
);
