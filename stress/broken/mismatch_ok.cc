// Correct twin of mismatch.cc: new and delete.

struct Shape {
  int sides;
  double area;
};

static Shape* volatile kept;

[[gnu::noinline]] static void release(Shape* shape) {
  delete shape;
  kept = nullptr;
}

int main() {
  kept = new Shape{4, 2.5};
  release(kept);
}
