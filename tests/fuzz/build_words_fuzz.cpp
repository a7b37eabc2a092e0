// What builders read that others wrote: the output of compilers and make, the IDE's build specs and project files, ELF.
#include <algorithm>

#include "base/text.h"
#include "build/oppbuildspec.h"
#include "build/recipe.h"
#include "build/toolchain_file.h"
#include "build/words.h"
#include "fuzz_support.h"

namespace simswarm::fuzz {
namespace {

constexpr std::size_t kAnyLength = 1U << 30U;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Pieces of 1, 2, 3, … bytes.
template <typename Taker>
void in_pieces(std::string_view text, const Taker& take) {
  for (std::size_t size = 1; !text.empty(); ++size) {
    const std::string_view piece = text.substr(0, size);
    take(piece);
    text.remove_prefix(piece.size());
  }
}

void check_first_error(std::string_view text) {
  build::ErrorFinder whole;
  whole.take(text);
  whole.end();
  build::ErrorFinder pieces;
  in_pieces(text, [&](std::string_view piece) { pieces.take(piece); });
  pieces.end();
  require(whole.found().has_value() == pieces.found().has_value(), "pieces do not matter to whether there is an error");
  if (!whole.found()) return;
  require(whole.found()->text == pieces.found()->text, "pieces do not matter to what it says");
  require(whole.found()->file == pieces.found()->file, "pieces do not matter to where it is");
  require(whole.found()->line == pieces.found()->line, "pieces do not matter to its line");
  const std::string& shown = whole.found()->text;
  require(!shown.empty() && std::none_of(shown.begin(), shown.end(), [](char c) { return c != '\t' && is_control(c); }),
          "an error is one printable line");
  const bool is_cut = shown.ends_with("…");
  require(is_cut || shown.find(whole.found()->file) != std::string::npos, "its file was said");
}

std::string printed(std::string_view text, std::size_t most) {
  build::Printable printable(most);
  std::string output = printable.take(text);
  return output + printable.end();
}

void check_is_printable(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\x1b') {
      const auto end = text.find_first_not_of("0123456789;:", at + 2);
      require(text.substr(at).starts_with("\x1b[") && end != std::string_view::npos && text[end] == 'm',
              "no sequences but colours");
    } else {
      require(text[at] == '\n' || text[at] == '\t' || !is_control(text[at]), "no control characters");
    }
  }
}

void check_printable(std::string_view text) {
  const std::string whole = printed(text, kAnyLength);
  check_is_printable(whole);
  require(printed(whole, kAnyLength) == whole, "what is printable stays as it is");
  for (const std::size_t most : {kAnyLength, std::size_t{7}}) {
    build::Printable printable(most);
    std::string output;
    in_pieces(text, [&](std::string_view piece) { output += printable.take(piece); });
    output += printable.end();
    require(output == printed(text, most), "pieces do not matter");
  }
  const std::string cut = printed(text, 7);
  check_is_printable(cut);
  for (const std::string_view line : lines(cut)) require(line.size() < 60, "a long line is cut");
}

void check_compilations(std::string_view text) {
  std::size_t most = 0;
  for (auto at = text.find("-c"); at != std::string_view::npos; at = text.find("-c", at + 1)) ++most;
  // A backslash or quote may stand between the two.
  if (text.find_first_of("\\\"'`") == std::string_view::npos)
    require(build::compilations_in(text) <= most, "each compilation has its -c");
  static_cast<void>(build::compilations_in(text));
}

// Files of a project and of one that it names: «.oppbuildspec», «.project», «.cproject», «Makefile», «setenv».
void check_recipe(std::string_view text) {
  static const Scratch scratch;
  static_cast<void>(make_folders(scratch.folder() / "own" / "src"));
  static_cast<void>(make_folders(scratch.folder() / "inet"));
  const std::vector<std::string> names{"own/.oppbuildspec", "own/.project",  "own/.cproject",     "own/src/Makefile",
                                       "own/setenv",        "inet/Makefile", "inet/.oppbuildspec"};
  std::vector<std::string> files{"own/src/a.cc"};
  for (const std::string& name : names) {
    const std::string_view content = take_part(text);
    if (content.empty()) continue;
    scratch.write(name, content);
    files.push_back(name);
  }
  std::sort(files.begin(), files.end());
  const build::RecipeRequest request{scratch.folder(), {"inet", "own"}, "", "release", {}, "", files};
  const auto recipe = build::find_recipe(request);
  if (!recipe) {
    require(recipe.error().code == ExitCode::kUsage && !recipe.error().message.empty(), "an error says what is wrong");
    return;
  }
  require(recipe->text.find(scratch.folder().string()) == std::string::npos, "no place of this machine is in the text");
  for (const build::Step& step : recipe->steps) {
    require(!step.argv.empty() && !step.shown.empty(), "a step calls a program");
    require(build::is_place(step.folder.string()), "a step stays in the tree");
  }
  require(build::find_recipe(request)->text == recipe->text, "a recipe is the same again");
}

void check_build_id(std::string_view text) {
  const auto id = build::build_id_of(text);
  require(!id || (id->size() % 2 == 0 && id->find_first_not_of("0123456789abcdef") == std::string::npos),
          "a build id is hexadecimal");
}

}  // namespace

void check(std::string_view input) {
  switch (take_choice(input, 5)) {
    case 0:
      return check_first_error(input);
    case 1:
      return check_printable(input);
    case 2:
      return check_compilations(input);
    case 3:
      return check_recipe(input);
    default:
      return check_build_id(input);
  }
}

}  // namespace simswarm::fuzz
