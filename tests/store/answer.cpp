// A library that differs from another one of its name.
extern "C" int answer() {
  return ANSWER;
}
