/** Lets the person save a text as a file. */
export function save(name: string, content: string): void {
  const link = document.createElement('a');
  link.download = name;
  link.href = URL.createObjectURL(new Blob([content], { type: 'application/json' }));
  link.click();
  URL.revokeObjectURL(link.href);
}
