#include "simulator/cmdenv_files.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "simulator/cmdenv_said.h"

namespace simswarm::cmdenv {
namespace {

using Files = std::span<const LeftFile* const>;

bool ends_with(const fs::path& path, std::string_view ending) {
  return read_tail(path, ending.size()).value_or(std::string()) == ending;
}

std::string head_of(const fs::path& path, std::size_t bytes) {
  FILE* stream = std::fopen(path.c_str(), "rbe");
  if (stream == nullptr) return {};
  std::string head(bytes, '\0');
  head.resize(std::fread(head.data(), 1, head.size(), stream));
  std::fclose(stream);
  return head;
}

bool is_sqlite(const fs::path& path) {
  return head_of(path, 64).starts_with("SQLite format 3");
}

// By its name; a model may write a file of its own with this extension, but no empty one is taken for that.
bool is_result(const LeftFile& file, const std::string& expected, std::string_view extension) {
  if (file.path == expected) return true;
  if (!file.path.ends_with(extension)) return false;
  const std::string head = head_of(file.source, 64);
  return head.empty() || head.starts_with("version ") || head.starts_with("file ") ||
         head.starts_with("SQLite format 3") || trim(head).empty();
}

std::string index_of(const std::string& vectors, const ExpectedFiles& expected) {
  if (vectors == expected.vectors) return expected.index;
  return vectors.substr(0, vectors.rfind('.')) + ".vci";
}

const LeftFile* find(Files files, const std::string& path) {
  const auto found = std::find_if(files.begin(), files.end(), [&](const LeftFile* file) { return file->path == path; });
  return found == files.end() ? nullptr : *found;
}

// The first line of an index is «file SIZE MTIME», written when both files are closed.
std::string trouble_with_index(const LeftFile& vectors, const LeftFile* index) {
  if (index == nullptr) return fmt::format("{} has no index: it was not closed", vectors.path);
  const std::string head = head_of(index->source, 64);
  const auto words = split(trim(std::string_view(head).substr(0, head.find('\n'))), ' ');
  if (words.size() < 3 || words[0] != "file") return fmt::format("{} was not closed", index->path);
  if (parse_int(words[1]) != static_cast<std::int64_t>(vectors.size)) {
    return fmt::format("{} has {} bytes, its index says {}", vectors.path, vectors.size, words[1]);
  }
  return {};
}

std::string trouble_with(const LeftFile& file, const ExpectedFiles& expected, Files files) {
  const bool scalars = is_result(file, expected.scalars, ".sca");
  const bool vectors = is_result(file, expected.vectors, ".vec");
  const bool index = is_result(file, expected.index, ".vci");
  if ((scalars || vectors || index) && file.size == 0) return fmt::format("{} is empty", file.path);
  if (file.path.ends_with("-journal") && file.size > 0) {
    return fmt::format("{} was left: a database was not closed", file.path);
  }
  if (!scalars && !vectors) return {};
  if (is_sqlite(file.source)) return {};
  if (scalars && !ends_with(file.source, "\n")) return fmt::format("{} ends in the middle of a line", file.path);
  return vectors ? trouble_with_index(file, find(files, index_of(file.path, expected))) : std::string();
}

}  // namespace

std::string trouble_with_files(const ExpectedFiles& expected, Files files) {
  for (const LeftFile* file : files) {
    if (std::string trouble = trouble_with(*file, expected, files); !trouble.empty()) return trouble;
  }
  return {};
}

bool has_results(const ExpectedFiles& expected, Files files) {
  return std::any_of(files.begin(), files.end(), [&](const LeftFile* file) {
    return is_result(*file, expected.scalars, ".sca") || is_result(*file, expected.vectors, ".vec");
  });
}

// After the results are closed an OMNeT++ scalar file ends with an empty line and a vector file's index is headed.
bool files_are_closed(const ExpectedFiles& expected, Files files) {
  if (!trouble_with_files(expected, files).empty() || !has_results(expected, files)) return false;
  return std::all_of(files.begin(), files.end(), [&](const LeftFile* file) {
    return !is_result(*file, expected.scalars, ".sca") || is_sqlite(file->source) || ends_with(file->source, "\n\n");
  });
}

std::optional<std::size_t> runs_in(const LeftFile& scalars) {
  if (is_sqlite(scalars.source)) return std::nullopt;
  std::size_t count = 0;
  each_line(scalars.source, [&](std::string_view line) { count += line.starts_with("run ") ? 1 : 0; });
  return count;
}

}  // namespace simswarm::cmdenv
