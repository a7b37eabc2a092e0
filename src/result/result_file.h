// OMNeT++'s text result files: `.sca` and `.vec`, versions 2 (4.x, 5.x) and 3 (6.x), as a stream.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "model/run.h"

namespace simswarm::result {

// A name and its value, as text without quotes and escapes.
struct Entry {
  std::string name;
  std::string value;
  friend bool operator==(const Entry&, const Entry&) = default;
};

// What stands under one `run` line.
struct RunInfo {
  std::string id;                   // «General-0-20211207-20:10:02-304016»
  std::vector<Entry> attributes;    // configname, repetition, seedset, …, in file order
  std::vector<Variable> variables;  // iteration variables; before 5.1 found through attribute `iterationvars`
  std::vector<Entry> config;        // options of the ini file in effect, in file order
  [[nodiscard]] std::string_view attribute(std::string_view name) const;  // empty when there is none
};

struct Scalar {
  std::string module;  // full path, or «.» where the model gave none
  std::string name;
  double value = 0;  // may be NaN or infinite
  std::vector<Entry> attributes;
};

struct Field {
  std::string name;  // count, mean, stddev, min, max, sum, sqrsum, weights, …
  double value = 0;
};

struct Bin {
  double lower = 0;  // edge; the first is -inf (underflows), the last bin is open (overflows)
  double value = 0;  // count or weight
};

struct Statistic {
  std::string module;
  std::string name;
  std::vector<Field> fields;
  std::vector<Bin> bins;  // empty when it is no histogram
  std::vector<Entry> attributes;
};

struct Parameter {
  std::string module;
  std::string name;
  std::string value;  // as NED writes it: «0.5s», «"text"»
  std::vector<Entry> attributes;
};

struct VectorDeclaration {
  std::int64_t id = 0;  // unique within a run in one file
  std::string module;
  std::string name;
  std::string columns = "TV";  // E event number, T simulated time, V value
  std::vector<Entry> attributes;
};

struct Sample {
  std::int64_t vector = 0;
  std::optional<std::int64_t> event;
  double time = 0;  // simulated seconds
  double value = 0;
};

// Gets the items of a file in their order, each whole, with its attributes. References end with the call.
class ResultVisitor {
 public:
  virtual ~ResultVisitor() = default;
  virtual void run(const RunInfo&) {}
  virtual void scalar(const Scalar&) {}
  virtual void statistic(const Statistic&) {}
  virtual void parameter(const Parameter&) {}
  virtual void vector(const VectorDeclaration&) {}
  virtual void sample(const Sample&) {}
};

// Reads a file of any size; memory is one item, and the declarations of the vectors of one run.
// Errors are one line, «FILE:LINE: what»: an empty file, an SQLite file, a line that is none of the format's, a file
// that is cut off (the last line has no end, or version 3 without its closing empty line). After an error throw away
// what the visitor saw.
[[nodiscard]] Status read_results(const fs::path& path, ResultVisitor& visitor);

// True when the file begins as an SQLite database; false for what cannot be read.
[[nodiscard]] bool is_sqlite(const fs::path& path);

}  // namespace simswarm::result
