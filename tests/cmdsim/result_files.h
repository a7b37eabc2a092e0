#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "configuration.h"

namespace cmdsim {

/// The lines that begin a result file: run, attributes, iteration variables, configuration.
std::string fileHead(const Configuration& configuration);

/// A `.sca`: opened at its first record, buffered by stdio, so that a killed process leaves none or an empty one.
class ScalarFile {
 public:
  ScalarFile(const Configuration& configuration, std::string name);
  ~ScalarFile();
  ScalarFile(const ScalarFile&) = delete;
  ScalarFile& operator=(const ScalarFile&) = delete;

  void parameter(const std::string& module, const std::string& name, const std::string& value);
  void scalar(const std::string& module, const std::string& name, double value);
  /// A histogram with bins of width one.
  void histogram(const std::string& module, const std::string& name, const std::vector<double>& values);
  void end();
  const std::string& name() const { return name_; }

 private:
  void write(const std::string& text);

  const Configuration& configuration_;
  std::string name_;
  int precision_;
  FILE* file_ = nullptr;
};

/// A `.vec` with its `.vci`: samples are kept in memory and written in blocks.
class VectorFile {
 public:
  VectorFile(const Configuration& configuration, std::string name, size_t blockSamples);
  ~VectorFile();
  VectorFile(const VectorFile&) = delete;
  VectorFile& operator=(const VectorFile&) = delete;

  /// Returns the id of a new vector.
  int add(const std::string& module, const std::string& name);
  void record(int id, int64_t event, double time, double value);
  void writeBlocks();
  void end();

 private:
  struct Sample {
    int64_t event;
    double time;
    double value;
  };

  void open();
  void writeBlock(size_t id);

  const Configuration& configuration_;
  std::string name_;
  std::string indexName_;
  size_t blockSamples_;
  int precision_;
  std::vector<std::vector<Sample>> pending_;
  FILE* file_ = nullptr;
  FILE* index_ = nullptr;
};

/// Removes what an earlier run left under this name; throws where that fails.
void removeOld(const std::string& name, const std::string& what);

}  // namespace cmdsim
