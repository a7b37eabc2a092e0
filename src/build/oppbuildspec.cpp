#include "build/oppbuildspec.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "build/oppbuildspec_xml.h"

namespace simswarm::build {
namespace {

// At blanks; quotes hold words together.
std::vector<std::string> split_options(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool has_word = false;
  char quote = 0;
  for (const char c : text) {
    const bool is_blank = quote == 0 && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
    if (is_blank && has_word) words.push_back(std::exchange(word, {}));
    if (is_blank) has_word = false;
    if (is_blank) continue;
    has_word = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      word += c;
    }
  }
  if (has_word) words.push_back(std::move(word));
  return words;
}

// Reads the options of opp_makemake; those of earlier versions that today's refuses, and that change nothing today, are
// left out.
class OptionReader {
 public:
  OptionReader(MakeFolder& folder, std::string place) : folder_(folder), place_(std::move(place)) {}

  Status read(std::vector<std::string> words) {
    words_ = std::move(words);
    for (at_ = 0; at_ < words_.size(); ++at_) {
      if (words_[at_] == "--") break;
      SIMSWARM_CHECK(read_one(words_[at_]));
    }
    for (++at_; at_ < words_.size(); ++at_) folder_.extra.push_back(words_[at_]);
    return {};
  }

 private:
  Status read_one(const std::string& word) {
    constexpr std::array<std::string_view, 8> passed_over{"-f",      "--force",    "-N", "--ignore-ned",
                                                          "--nmake", "--notstamp", "-x", "--no-deep-includes"};
    if (word.starts_with("--meta:")) return read_meta(word);
    if (std::find(passed_over.begin(), passed_over.end(), word) != passed_over.end()) return {};
    const bool is_plain = !word.starts_with('-');
    if (is_plain) folder_.extra.push_back(word);
    if (is_plain || read_product(word)) return {};
    return read_valued(word);
  }

  Status read_meta(std::string_view word) {
    word.remove_prefix(std::string_view("--meta:").size());
    folder_.recurses |= word == "recurse";
    folder_.exports_includes |= word == "export-include-path";
    folder_.uses_includes |= word == "use-exported-include-paths";
    folder_.exports_library |= word == "export-library";
    folder_.uses_libraries |= word == "use-exported-libs";
    folder_.uses_features |= word == "feature-cflags" || word == "feature-ldflags";
    return {};
  }

  bool read_product(const std::string& word) {
    using Product = MakeFolder::Product;
    if (word == "-s" || word == "--make-so")
      folder_.product = Product::kShared;
    else if (word == "-a" || word == "--make-lib")
      folder_.product = Product::kStatic;
    else if (word == "-n" || word == "--nolink")
      folder_.product = Product::kNothing;
    else
      return false;
    folder_.options.push_back(word);
    return true;
  }

  // Options with a value, in the same word or the next, under their short names; others are passed on.
  Status read_valued(const std::string& word) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 17> names{{{"--output", "-o"},
                                                                                   {"--out", "-O"},
                                                                                   {"--ext", "-e"},
                                                                                   {"--except", "-X"},
                                                                                   {"--define", "-D"},
                                                                                   {"--makefile-define", "-K"},
                                                                                   {"--projectdir", "-P"},
                                                                                   {"--mode", "-M"},
                                                                                   {"--subdir", "-d"},
                                                                                   {"--userinterface", "-u"},
                                                                                   {"--includefragment", "-i"},
                                                                                   {"--symbol", "-p"},
                                                                                   {"-I", "-I"},
                                                                                   {"-L", "-L"},
                                                                                   {"-l", "-l"},
                                                                                   {"--configfile", "-c"},
                                                                                   {"-c", "-c"}}};
    for (const auto& [full, brief] : names) {
      if (word == full || word == brief) {
        if (++at_ == words_.size())
          return usage_error("{}: «{}» stands without its value in makemake-options", place_, word);
        take(brief, words_[at_]);
        return {};
      }
      const bool is_joined = word.starts_with(brief) && !word.starts_with("--");
      if (is_joined) {
        take(brief, word.substr(brief.size()));
        return {};
      }
    }
    folder_.options.push_back(word);
    return {};
  }

  void take(std::string_view option, const std::string& value) {
    if (option == "-c") return;
    if (option == "-I") {
      folder_.includes.push_back(value);
    } else if (option == "-K") {
      const auto equals = std::min(value.find('='), value.size());
      folder_.variables.emplace_back(value.substr(0, equals), value.substr(std::min(equals + 1, value.size())));
    } else {
      if (option == "-o") folder_.target = value;
      if (option == "-O") folder_.output = value;
      if (option == "-p") folder_.dll_symbol = value;
      folder_.options.push_back(std::string(option) + value);
    }
  }

  MakeFolder& folder_;
  std::string place_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

Result<MakeFolder> folder_of(std::string path, std::string_view options, bool is_custom, const std::string& file) {
  MakeFolder folder;
  folder.path = joined(".", path);
  folder.is_custom = is_custom;
  if (!is_place(folder.path)) return usage_error("{}: the folder «{}» lies outside of the project", file, path);
  SIMSWARM_CHECK(OptionReader(folder, fmt::format("{}: folder «{}»", file, path)).read(split_options(options)));
  return folder;
}

// «src: --deep --make-so»
Result<std::vector<MakeFolder>> parse_lines(std::string_view text, const std::string& file) {
  std::vector<MakeFolder> folders;
  for (const std::string_view whole : lines(text)) {
    const std::string_view line = trim(whole);
    if (line.empty() || line.starts_with('#') || line.starts_with("version ")) continue;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      return usage_error("{}: «{}» is no line FOLDER: OPTIONS", file, line.substr(0, 80));
    SIMSWARM_TRY(auto folder, folder_of(std::string(trim(line.substr(0, colon))), line.substr(colon + 1), false, file));
    folders.push_back(std::move(folder));
  }
  return folders;
}

}  // namespace

Result<std::vector<MakeFolder>> parse_build_spec(std::string_view text, const std::string& file) {
  if (!trim(text).starts_with('<')) return parse_lines(text, file);
  std::vector<MakeFolder> folders;
  for (const Attributes& dir : tags(text, "dir")) {
    const auto value = [&](const char* name) { return dir.contains(name) ? dir.at(name) : std::string(); };
    // What the IDE starts a project with.
    constexpr std::string_view fresh =
        "--deep --meta:recurse --meta:export-include-path --meta:use-exported-include-paths --meta:export-library "
        "--meta:use-exported-libs --meta:feature-cflags --meta:feature-ldflags";
    const bool is_custom = value("type") != "makemake";
    const std::string stated = value("makemake-options");
    const std::string_view options = stated.empty() && !is_custom ? fresh : std::string_view(stated);
    SIMSWARM_TRY(auto folder, folder_of(value("path"), options, is_custom, file));
    folders.push_back(std::move(folder));
  }
  // Eclipse writes them in no order.
  std::sort(folders.begin(), folders.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return folders;
}

}  // namespace simswarm::build
