struct node;
int external(int value, struct node *node);

static inline int twice(int value) {
  return external(value, 0) + value;
}
