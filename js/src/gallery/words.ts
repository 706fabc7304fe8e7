/** Dates and counts as people say them. */
import type { Picture } from "../kernel/wire";

/** "1 picture", "12,000 pictures". */
export const counted = (count: number, word = "picture") =>
  `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** Whether fewer pictures came than were asked for. */
export const isShort = (picture?: Picture) => !!picture?.asked && picture.count < picture.asked;

const iso = (date: Date) =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");

/** "Today", "Yesterday", "Thursday 26 November", and the year where it is another. */
export function dayName(day: string, now = new Date()): string {
  const before = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (day === iso(now)) return "Today";
  if (day === iso(before)) return "Yesterday";
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date).toLocaleDateString("en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(year !== now.getFullYear() && { year: "numeric" }),
  });
}
