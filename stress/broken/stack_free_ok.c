// Correct twin of stack_free.c: freed only when it came from malloc.
#include <stdlib.h>

int main(int argc, char** argv) {
  char small[64];
  size_t wanted = (size_t)argc * 60;
  char* text = wanted <= sizeof small ? small : malloc(wanted);
  for (size_t i = 0; i < wanted; ++i) ((volatile char*)text)[i] = argv[0][0];
  char* volatile kept = text;
  if (kept != small) free(kept);
  return 0;
}
