/** What nobody sees, and what turns or hides the letters around it. Line breaks and tabs are none of it. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?![\n\t])\p{Cc}/gu;

/** The text with every character that nobody sees written out, such as `\u202e`. So what is read is all that is there. In JSON it means the same. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (each) =>
    Array.from({ length: each.length }, (_, at) => `\\u${each.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
