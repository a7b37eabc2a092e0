#include "model/run_list.h"

#include <algorithm>
#include <stdexcept>

namespace simswarm {

RunList::RunList(std::initializer_list<Run> runs) {
  for (const Run& run : runs) push_back(run);
}

RunList::RunList(const std::vector<Run>& runs) {
  rows_.reserve(runs.size());
  for (const Run& run : runs) push_back(run);
}

// Runs of one shape stand together, so that it is the last one, or one of few.
std::uint32_t RunList::shape_of(const Run& run) {
  const auto fits = [&](const Shape& shape) {
    return shape.config == run.config &&
           std::equal(shape.names.begin(), shape.names.end(), run.variables.begin(), run.variables.end(),
                      [](const std::string& name, const Variable& variable) { return name == variable.name; });
  };
  auto found = std::find_if(shapes_.rbegin(), shapes_.rend(), fits);
  if (found == shapes_.rend()) {
    Shape shape{run.config, {}};
    for (const Variable& variable : run.variables) shape.names.push_back(variable.name);
    shapes_.push_back(std::move(shape));
    found = shapes_.rbegin();
  }
  return static_cast<std::uint32_t>(shapes_.rend() - found - 1);
}

void RunList::add_text(std::string_view text) {
  auto length = static_cast<std::uint32_t>(text.size());
  for (; length >= 0x80; length >>= 7) texts_.push_back(static_cast<char>(length | 0x80));
  texts_.push_back(static_cast<char>(length));
  texts_.append(text);
}

std::string_view RunList::text_at(std::uint64_t& position) const {
  std::uint32_t length = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(texts_[position++]);
    length |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const std::string_view text(texts_.data() + position, length);
  position += length;
  return text;
}

void RunList::push_back(const Run& run) {
  rows_.push_back({run.number, run.repetition, texts_.size(), shape_of(run)});
  add_text(run.seed_set);
  for (const Variable& variable : run.variables) add_text(variable.value);
}

Run RunList::operator[](std::size_t position) const {
  const Row& row = rows_[position];
  const Shape& shape = shapes_[row.shape];
  std::uint64_t texts = row.texts;
  Run run{shape.config, row.number, {}, row.repetition, std::string(text_at(texts))};
  run.variables.reserve(shape.names.size());
  for (const std::string& name : shape.names) run.variables.push_back({name, std::string(text_at(texts))});
  return run;
}

Run RunList::at(std::size_t position) const {
  if (position >= size()) throw std::out_of_range("no run has this position");
  return (*this)[position];
}

const std::string& RunList::config(std::size_t position) const {
  return shapes_[rows_[position].shape].config;
}

}  // namespace simswarm
