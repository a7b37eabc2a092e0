// What a run left behind: files, and the record of the attempt that made them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/files.h"
#include "base/time.h"
#include "model/outcome.h"
#include "model/run.h"

namespace simswarm {

// A result file. The path is relative to the working folder of the campaign (bytes, may begin with «../»).
struct ResultFile {
  std::string path;
  std::uint64_t size = 0;  // bytes
  Digest digest;
  FileIdentity identity;  // in its final place; zero before it is there
};

// One try to execute one run.
struct Attempt {
  RunKey key;
  int number = 1;        // 1, 2, … for each key
  std::string campaign;  // ULID
  Verdict verdict;
  Usage usage;
  Stamp started{};
  Stamp ended{};
  int exit_code = 0;  // 128 + signal for a process that was ended by one
  std::string host;
  std::vector<std::string> command;  // the argv of the process; in a batch shared by its runs
  std::string cpu{};                 // kind of its processor (base/cpu.h); empty: not known
};

}  // namespace simswarm
