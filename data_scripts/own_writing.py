"""Let the pretrained language model write the text that its forgetting is measured on where no novel is at hand.

    python data_scripts/own_writing.py transferlab/language/bundled/small_gpt_writing.txt

64 passages of 240 tokens, drawn as the model says (seed 0). To be run again whenever its weights are made anew.
"""

import argparse
from pathlib import Path

from transferlab.files import write_atomically
from transferlab.language import load_language_model, write_many


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    model, tokenizer = load_language_model()
    text = "\n\n".join(one.strip() for one in write_many(model, tokenizer, 64, 240)) + "\n"
    write_atomically(out, lambda partial: partial.write_text(text, encoding="utf-8"))
    print(f"{len(text):,} letters in {out}")


if __name__ == "__main__":
    main()
