"""Rules about who may include whom, and about files nobody uses."""

import re

from rule_table import LAYERS, RANK, is_test, layer_of, rule

SPELLING = re.compile(r"^([a-z_]+)/[a-z0-9_]+\.(?:h|def|inc)$")


@rule("layer-folder", "source files live in src/<layer>/, one folder deep; the layers are "
                      + ", ".join(LAYERS))
def layer_folder(tree):
    for source in tree.src():
        if layer_of(source.path) is None:
            yield source.path, 1, "this is no layer's folder"


@rule("layer-order", "include your own or a lower layer only: base < os < ptr_trace < integrity < "
                     "learn < superslab < {tiny | pool | large | page_mode} < gate < api; pass "
                     "what is needed from above as an argument")
def layer_order(tree):
    for source in tree.runtime():
        layer = layer_of(source.path)
        for line, _, spelling in source.includes:
            other = spelling.split("/")[0] if SPELLING.match(spelling) else None
            if layer is None or other not in RANK or other == layer:
                continue
            if RANK[other] >= RANK[layer]:
                yield source.path, line, f"{layer} includes {other} ({spelling})"


@rule("include-spelling", "write \"layer/file.h\", from src/; <…> is for headers that are not ours")
def include_spelling(tree):
    for source in tree.src():
        for line, quote, spelling in source.includes:
            match = SPELLING.match(spelling)
            ours = match is not None and match.group(1) in RANK
            if quote == '"' and not ours and not is_test(source.path):
                yield source.path, line, f'"{spelling}"'
            if quote == "<" and ours and f"src/{spelling}" in tree.texts:
                yield source.path, line, f"<{spelling}>"


@rule("include-exists", "the file must exist below src/ (tests: or below the root)")
def include_exists(tree):
    for source in tree.src():
        folder = source.path.rsplit("/", 1)[0]
        for line, quote, spelling in source.includes:
            places = [f"src/{spelling}"]
            if is_test(source.path):
                places += [spelling, f"{folder}/{spelling}"]
                if spelling.startswith(("gtest/", "gmock/", "rapidcheck")):
                    continue
            if quote == '"' and not any(place in tree.texts for place in places):
                yield source.path, line, f'no file "{spelling}"'


@rule("test-door-use", "only tests, and x.cc its own x_for_test.h, include os_fake.* and "
                       "*_for_test.*; runtime code takes the thing as a parameter")
def test_door_use(tree):
    for source in tree.runtime():
        own_door = source.path[len("src/"):].replace(".cc", "_for_test.h")
        for line, quote, spelling in source.includes:
            if quote == '"' and is_test(f"src/{spelling}") and spelling != own_door:
                yield source.path, line, f'"{spelling}"'


@rule("dead-source", "name it in a CMake source list, or delete it")
def dead_source(tree):
    if "CMakeLists.txt" not in tree.texts:
        return
    lists = tree.cmake_text()
    for source in tree.src():
        if not source.path.endswith(".cc"):
            continue
        folder, name = source.path.rsplit("/", 1)
        stem = name[:-len(".cc")]
        near = re.compile(rf"(?<![\w/]){re.escape(stem)}(?:\.cc)?(?!\w)")
        far = re.compile(rf"(?<!\w){re.escape(folder[len('src/'):])}/{re.escape(stem)}(?!\w)")
        if not any(far.search(text) or (path.startswith(folder + "/") and near.search(text))
                   for path, text in lists.items()):
            yield source.path, 1, "no CMake file names it"


@rule("dead-header", "include it where it is needed, or delete it")
def dead_header(tree):
    used = set()
    for source in tree.cpp():
        used |= {(spelling, source.path) for _, _, spelling in source.includes}
    for source in tree.src():
        if not source.path.endswith((".h", ".def", ".inc")):
            continue
        spelling = source.path[len("src/"):]
        if not any((spelling == s or s.endswith("/" + spelling)) and path != source.path
                   for s, path in used):
            yield source.path, 1, "nobody includes it"
