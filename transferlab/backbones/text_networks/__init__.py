"""Networks for texts, made of transformers' own parts: one tensor in, logits out, a mark with every token.

`marks.py` holds what all have in common, `network.py` the base, and one file a family its forward: `encoders.py` (BERT,
RoBERTa), `distilbert.py`, `gpt2.py`, `llama.py`. `tokens.py` turns texts into token numbers. Nothing here imports
transformers; `backbones/hugging_face.py` does, when a text model is asked for.
"""
