/** The number of unread messages before the page's title. Follows a page that changes its title itself. */
export function createTitleCount(): (count: number) => void {
  let count = 0;
  const write = (): void => {
    const bare = document.title.replace(/^\(\d+\+?\) /, '');
    const wanted = count > 0 ? `(${count > 9 ? '9+' : count}) ${bare}` : bare;
    if (document.title !== wanted) document.title = wanted;
  };
  let observer: MutationObserver | null = null;
  return (next) => {
    if (next === count) return;
    count = next;
    write();
    if (count > 0) {
      observer ??= new MutationObserver(write);
      observer.observe(document.head, { subtree: true, childList: true, characterData: true });
    } else {
      observer?.disconnect();
    }
  };
}
