// HK106: a buffer that is on the stack while the text is short is freed all the same.
#include <stdlib.h>

int main(int argc, char** argv) {
  char small[64];
  size_t wanted = (size_t)argc * 60;
  char* text = wanted <= sizeof small ? small : malloc(wanted);
  for (size_t i = 0; i < wanted; ++i) ((volatile char*)text)[i] = argv[0][0];
  char* volatile kept = text;
  free(kept);  // BUG: only when it is not small
  return 0;
}
