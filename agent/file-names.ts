/** Characters that are not shown, or that change how those around them are shown: controls, right-to-left marks, line ends. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/**
 * The name of a file as people may be shown it: each character that they would not see becomes `_`. Otherwise a name could
 * look like another one, such as `photo\u202Egpj.exe`, which is shown as `photoexe.jpg`.
 */
export function visibleName(name: string): string {
  return name.replace(UNSEEN, '_');
}
