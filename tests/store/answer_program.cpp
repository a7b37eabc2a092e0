// Writes what its library answers into out.txt of a folder.
#include <fstream>
#include <string>

extern "C" int answer();

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::ofstream(std::string(argv[1]) + "/out.txt") << answer() << "\n";
  return 0;
}
