import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { Button } from "../controls/buttons";

const ACCEPT = "image/*,.heic,.heif,.avif,.tif,.tiff,.bmp";

interface Props {
  class: string;
  label?: string;
  title?: string;
  multiple?: boolean;
  onFiles(files: File[]): void;
  children: ComponentChildren;
}

/** A button that opens a file dialog for images. */
export function FileButton({ label, multiple, onFiles, children, ...rest }: Props) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button aria-label={label} onClick={() => input.current?.click()} {...rest}>
        {children}
      </Button>
      <input
        ref={input}
        class="sd-hidden"
        type="file"
        accept={ACCEPT}
        multiple={multiple}
        tabIndex={-1}
        aria-hidden="true"
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file may be chosen again.
          currentTarget.value = "";
        }}
      />
    </>
  );
}
