// What the gdb case debugs. Arguments are numbers and text: the address of a block may differ.
#include <cstdio>
#include <cstdlib>

struct List {
  int value;
  int count;
};

static List* list;

__attribute__((noinline)) int leaf(int depth, const char* label) {
  int local = 0;
  local = list->value * depth + label[0];
  list->count += local;
  return local;
}

__attribute__((noinline)) int middle(const char* label) { return leaf(6, label) + 1; }

int main() {
  list = static_cast<List*>(std::malloc(sizeof(List)));
  *list = List{7, 0};
  const int result = middle("branch");
  std::printf("result %d count %d\n", result, list->count);
  std::free(list);
  return 9;
}
