// A library for -l; CMake makes it twice, with different content.
extern const int simswarm_e2e_version;
const int simswarm_e2e_version = VERSION;
