#pragma once

#include <cstdint>
#include <string>

#include "configuration.h"

namespace cmdsim {

/// What goes wrong in a run, by the parameters `ill*` of its configuration (README.md lists them).
struct Ill {
  std::string name;      ///< empty for a healthy run
  std::string text;      ///< words of its message
  std::string file;      ///< a file it touches
  double seconds = 0;    ///< how long
  double megabytes = 0;  ///< how much memory
  double at = 0.5;       ///< where in the run, 0 to 1

  bool is(const char* other) const { return name == other; }
};

/// The ill of the active run. With `illOnce` it strikes only while its marker file can be created.
Ill illOfRun(const Configuration& configuration);

/// What does not return normally or has nothing to do with results: crashes, exits, hangs, children, files.
/// Does nothing for ills that are not of this kind.
void strike(const Ill& ill);

/// Fills memory that is never freed.
void keepMemory(double megabytes);

}  // namespace cmdsim
