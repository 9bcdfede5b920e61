// HK107: an object made with new is given to free().
#include <cstdlib>

struct Shape {
  int sides;
  double area;
};

static Shape* volatile kept;

[[gnu::noinline]] static void release(Shape* shape) {
  std::free(shape);  // BUG: it was made with new
  kept = nullptr;
}

int main() {
  kept = new Shape{4, 2.5};
  release(kept);
}
