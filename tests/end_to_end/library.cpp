// A library for -l; CMake makes it twice, with different content.
// NOLINTBEGIN(readability-identifier-naming): an ordinary C name
extern const int simswarm_e2e_version;
const int simswarm_e2e_version = VERSION;
// NOLINTEND(readability-identifier-naming)
