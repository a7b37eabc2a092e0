#include "result_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>

#include "text.h"

namespace cmdsim {
namespace {

constexpr const char* kAttributes[] = {"configname",  "datetime",      "datetimef",      "experiment",
                                       "inifile",     "iterationvars", "iterationvarsd", "iterationvarsf",
                                       "measurement", "network",       "processid",      "repetition",
                                       "replication", "resultdir",     "runnumber",      "seedset"};

std::string pair(const std::string& word, const std::string& key, const std::string& value) {
  return word + " " + quoteIfNeeded(key) + " " + quoteIfNeeded(value) + "\n";
}

/// Quotes are dropped around values of options that are texts, and kept for parameters.
std::string recordedValue(const Entry& entry) {
  const OptionKind* option = findOption(entry.key.substr(entry.key.rfind('.') + 1));
  return option != nullptr && option->type != 'x' ? unquote(entry.value) : entry.value;
}

int precisionOf(const Configuration& configuration, const char* option) {
  return static_cast<int>(configuration.quantity(option).value_or(14));
}

FILE* openOrThrow(const std::string& name, const char* mode, const std::string& what) {
  FILE* file = std::fopen(name.c_str(), mode);
  if (file == nullptr) throw SimulationError("Cannot open " + what + " '" + name + "'");
  return file;
}

std::string indexNameOf(const std::string& name) {
  return name.substr(0, name.rfind('.')) + ".vci";
}

}  // namespace

std::string fileHead(const Configuration& configuration) {
  std::string head = "run " + quoteIfNeeded(configuration.variable("runid")) + "\n";
  for (const char* name : kAttributes) head += pair("attr", name, configuration.variable(name));
  for (const std::string& name : configuration.iterationNames()) {
    head += pair("itervar", name, configuration.variable(name));
  }
  for (const Entry& entry : configuration.entries()) head += pair("config", entry.key, recordedValue(entry));
  return head + "\n";
}

void removeOld(const std::string& name, const std::string& what) {
  if (::unlink(name.c_str()) == 0 || errno == ENOENT) return;
  throw SimulationError("Cannot remove " + what + " '" + name + "': " + std::strerror(errno));
}

ScalarFile::ScalarFile(const Configuration& configuration, std::string name)
    : configuration_(configuration),
      name_(std::move(name)),
      precision_(precisionOf(configuration, "output-scalar-precision")) {
  if (!configuration.flag("output-scalar-file-append")) removeOld(name_, "old output scalar file");
}

ScalarFile::~ScalarFile() {
  if (file_ != nullptr) std::fclose(file_);
}

void ScalarFile::write(const std::string& text) {
  if (file_ == nullptr) {
    makeFolders(directoryOf(name_));
    file_ = openOrThrow(name_, "a", "output scalar file");
    if (std::ftell(file_) == 0) std::fputs("version 3\n", file_);
    std::fputs(fileHead(configuration_).c_str(), file_);
  }
  if (std::fputs(text.c_str(), file_) < 0) throw SimulationError("Cannot write output scalar file ''");
}

void ScalarFile::parameter(const std::string& module, const std::string& name, const std::string& value) {
  write("par " + quoteIfNeeded(module) + " " + quoteIfNeeded(name) + " " + quoteIfNeeded(value) + "\n");
}

void ScalarFile::scalar(const std::string& module, const std::string& name, double value) {
  write("scalar " + quoteIfNeeded(module) + " " + quoteIfNeeded(name) + " " + number(value, precision_) + "\n");
}

void ScalarFile::histogram(const std::string& module, const std::string& name, const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  std::map<int, int> bins;
  for (const double value : values) {
    sum += value;
    squares += value * value;
    ++bins[static_cast<int>(std::floor(value))];
  }
  const auto count = static_cast<double>(values.size());
  const double variance = count < 2 ? NAN : (squares - sum * sum / count) / (count - 1);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  write("statistic " + quoteIfNeeded(module) + " " + quoteIfNeeded(name) + "\n");
  const auto field = [this](const char* key, double value) {
    write(std::string("field ") + key + " " + number(value, precision_) + "\n");
  };
  field("count", count);
  field("mean", sum / count);
  field("stddev", std::sqrt(std::max(variance, 0.0)));
  field("min", *least);
  field("max", *most);
  field("sum", sum);
  field("sqrsum", squares);
  write("bin\t-inf\t0\n");
  for (int edge = bins.begin()->first; edge <= bins.rbegin()->first; ++edge) {
    write("bin\t" + std::to_string(edge) + "\t" + std::to_string(bins[edge]) + "\n");
  }
  write("bin\t" + std::to_string(bins.rbegin()->first + 1) + "\t0\n");
}

void ScalarFile::end() {
  if (file_ == nullptr) return;
  std::fputs("\n", file_);
  std::fclose(file_);
  file_ = nullptr;
}

VectorFile::VectorFile(const Configuration& configuration, std::string name, size_t blockSamples)
    : configuration_(configuration),
      name_(std::move(name)),
      indexName_(indexNameOf(name_)),
      blockSamples_(blockSamples),
      precision_(precisionOf(configuration, "output-vector-precision")) {
  removeOld(name_, "old output vector file");
}

VectorFile::~VectorFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (index_ != nullptr) std::fclose(index_);
}

void VectorFile::open() {
  makeFolders(directoryOf(name_));
  file_ = openOrThrow(name_, "w", "output vector file");
  index_ = openOrThrow(indexName_, "w", "index file");
  const std::string head = "version 3\n" + fileHead(configuration_);
  std::fputs(head.c_str(), file_);
  std::fprintf(index_, "%64s\n%s", "", head.c_str());
}

int VectorFile::add(const std::string& module, const std::string& name) {
  if (file_ == nullptr) open();
  const int id = static_cast<int>(pending_.size());
  pending_.emplace_back();
  const std::string line =
      "vector " + std::to_string(id) + " " + quoteIfNeeded(module) + " " + quoteIfNeeded(name) + " ETV\n";
  std::fputs(line.c_str(), file_);
  std::fputs(line.c_str(), index_);
  return id;
}

void VectorFile::record(int id, int64_t event, double time, double value) {
  auto& samples = pending_[static_cast<size_t>(id)];
  samples.push_back({event, time, value});
  if (samples.size() >= blockSamples_) writeBlock(static_cast<size_t>(id));
}

void VectorFile::writeBlock(size_t id) {
  std::vector<Sample>& samples = pending_[id];
  if (samples.empty()) return;
  const long offset = std::ftell(file_);
  double sum = 0;
  double squares = 0;
  double least = samples.front().value;
  double most = least;
  bool written = true;
  for (const Sample& sample : samples) {
    written = written && std::fprintf(file_, "%zu\t%lld\t%s\t%.*g\n", id, static_cast<long long>(sample.event),
                                      number(sample.time, 12).c_str(), precision_, sample.value) > 0;
    sum += sample.value;
    squares += sample.value * sample.value;
    least = std::min(least, sample.value);
    most = std::max(most, sample.value);
  }
  const long size = std::ftell(file_) - offset;
  if (std::fflush(file_) != 0 || !written) throw SimulationError("Cannot write output vector file '" + name_ + "'");
  std::fprintf(index_, "%zu\t%ld %ld %lld %lld %s %s %zu %.*g %.*g %.*g %.*g\n", id, offset, size,
               static_cast<long long>(samples.front().event), static_cast<long long>(samples.back().event),
               number(samples.front().time, 12).c_str(), number(samples.back().time, 12).c_str(), samples.size(),
               precision_, least, precision_, most, precision_, sum, precision_, squares);
  std::fflush(index_);
  samples.clear();
}

void VectorFile::writeBlocks() {
  for (size_t id = 0; id < pending_.size(); ++id) writeBlock(id);
}

void VectorFile::end() {
  if (file_ == nullptr) return;
  writeBlocks();
  std::fputs("\n", file_);
  std::fputs("\n", index_);
  std::fclose(file_);
  file_ = nullptr;
  struct stat status {};
  if (::stat(name_.c_str(), &status) == 0) {
    std::fseek(index_, 0, SEEK_SET);
    std::fprintf(index_, "file %lld %lld", static_cast<long long>(status.st_size),
                 static_cast<long long>(status.st_mtime));
  }
  std::fclose(index_);
  index_ = nullptr;
}

}  // namespace cmdsim
