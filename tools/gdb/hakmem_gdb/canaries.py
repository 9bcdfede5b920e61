"""The bytes around and in a block that must not change: header byte, canaries, fill.

The same questions that src/gate/checked_block.cc asks, put to copied memory.
"""

from .memory import read_bytes

CANARY_MULTIPLIER = 0x9E3779B97F4A7C15  # of CanaryPattern::make, src/integrity/canary.h
SET_BITS, CLEAR_BITS = 0x8181818181818181, 0x0202020202020202
WORD_MASK = (1 << 64) - 1
CLASS_MASK = 0x0F  # of the header byte


def pattern_for(secret, user):
    """The eight canary bytes of the block with this user address."""
    mix = (secret ^ user) * CANARY_MULTIPLIER & WORD_MASK
    mix ^= mix >> 32
    return ((mix | SET_BITS) & ~CLEAR_BITS).to_bytes(8, "little")


def _first_difference(found, expected):
    """Offsets of the first and the last byte that differ; None when none does."""
    if found == expected:
        return None
    wrong = [i for i, byte in enumerate(found) if byte != expected[i]]
    return wrong[0], wrong[-1]


def _compare(begin, end, pattern, read):
    size = end - begin
    if size <= 0:
        return None
    expected = (pattern * (size // len(pattern) + 1))[:size]
    return _first_difference(read(begin, size), expected)


def header_byte(heap, slab):
    index = slab["class_index"] if slab is not None else 0
    return heap.facts["header_magic"] | (index & CLASS_MASK)


def _span_words(begin, span, user):
    first, last = begin + span[0] - user, begin + span[1] - user
    return f"{first:+d}" if first == last else f"{first:+d}..{last:+d}"


def live_damage(block, secret, read=read_bytes):
    """Sentences about damaged canaries and header of a live block."""
    heap, user, is_page = block.heap, block.user, block.place.kind == "page"
    pattern, damage = pattern_for(secret, user), []
    front_begin = block.base if is_page else user - heap.facts["front_bytes"]
    front_end = user if is_page else user - 1
    found = _compare(front_begin, front_end, pattern, read)
    if found is not None:
        damage.append("canary bytes before the block were overwritten, at "
                      + _span_words(front_begin, found, user))
    if not is_page and read(user - 1, 1)[0] != header_byte(heap, block.slab):
        damage.append("the header byte before the block was overwritten, at -1")
    tail = user + block.request
    found = _compare(tail, block.end, pattern, read)
    if found is not None:
        damage.append("canary bytes behind the request were overwritten, at "
                      + _span_words(tail, found, user))
    return damage


def freed_damage(block, read=read_bytes):
    """Sentences about changed fill of a block in quarantine."""
    if block.place.kind == "page" or block.record["closed"]:
        return []  # its pages are closed
    facts = block.heap.facts
    size = min(block.request, facts["filled_bytes_max"])
    found = _compare(block.user, block.user + size, bytes([facts["freed_byte"]]), read)
    if found is None:
        return []
    return ["bytes of the freed block were changed after free(), at "
            + _span_words(block.user, found, block.user)]


def damage_of(block, read=read_bytes):
    """Sentences about what is wrong with a block's bytes, for blocks with a record."""
    state = block.library.enumerator("BlockState", block.record["shared_state"])
    if state == "live":
        return live_damage(block, block.library.domain.sub("checks")["secret"], read)
    if state == "quarantined":
        return freed_damage(block, read)
    return []
