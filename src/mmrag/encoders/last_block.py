"""Leave out of a vision transformer's last block what nobody reads.

The film's vector is made of the class token alone, and after the last block's attention the
other tokens have no more influence on it. Their share of that block, most of one part in
twelve of the whole tower, can be left out without changing the vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def class_token_alone(visual: Any) -> Iterator[None]:
    """Shorten an image tower's last block while it is exported.

    A tower of another structure than timm's plain vision transformer is left as it is.

    Parameters
    ----------
    visual : torch.nn.Module
        An open_clip image tower.

    Yields
    ------
    None
    """
    trunk: Any = getattr(visual, "trunk", None)
    if not _is_plain(trunk):
        yield
        return
    whole = trunk.blocks[-1]
    trunk.blocks[-1] = _shortened(whole)
    try:
        yield
    finally:
        trunk.blocks[-1] = whole


def _is_plain(trunk: Any) -> bool:
    from timm.layers import Attention
    from timm.models.vision_transformer import Block, VisionTransformer

    if type(trunk) is not VisionTransformer:
        return False
    last = trunk.blocks[-1]
    return (
        trunk.global_pool == "token"
        and trunk.num_prefix_tokens > 0
        and type(last) is Block
        and type(last.attn) is Attention
        and getattr(last.attn, "gate", None) is None
    )


def _shortened(block: Any) -> Any:
    import torch
    from torch.nn.functional import linear, scaled_dot_product_attention

    class LastBlock(torch.nn.Module):  # type: ignore[misc]
        """Takes all tokens, shape (n, tokens, width); gives the first, shape (n, 1, width)."""

        def __init__(self) -> None:
            super().__init__()
            self.block = block

        def forward(self, tokens: Any) -> Any:
            attention = self.block.attn
            width = attention.num_heads * attention.head_dim
            weight, bias = attention.qkv.weight, attention.qkv.bias
            given = self.block.norm1(tokens)

            def heads(part: int, of: Any) -> Any:
                rows = slice(part * width, (part + 1) * width)
                made = linear(of, weight[rows], None if bias is None else bias[rows])
                return made.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)

            first = heads(0, given[:, :1])
            seen = scaled_dot_product_attention(
                attention.q_norm(first), attention.k_norm(heads(1, given)), heads(2, given)
            )
            told = attention.proj(attention.norm(seen.transpose(1, 2).flatten(2)))
            out = tokens[:, :1] + self.block.ls1(told)
            return out + self.block.ls2(self.block.mlp(self.block.norm2(out)))

    return LastBlock().eval()
