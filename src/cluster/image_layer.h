// Layers of an image that are made here: the program with its libraries, and folders of toolchains.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "archive/tar.h"
#include "base/stream.h"

namespace simswarm::cluster {

struct Layer {
  std::string name;                          // for messages: the folder, or the program
  std::vector<archive::Entry> entries;       // by their paths below «/»; files, links, empty folders
  std::map<std::string, std::string> links;  // further ones, and where they lead
  std::uint64_t size = 0;                    // of its tar, in bytes
  Digest digest;                             // of its tar
};

// This program below /opt/simswarm, the shared libraries that it has loaded but the C library's own, and
// /usr/local/bin/simswarm.
[[nodiscard]] Result<Layer> program_layer(const fs::path& program);
// A folder of this machine at the same place there. Its digest is remembered: it is read again only when something in
// it has changed.
[[nodiscard]] Result<Layer> folder_layer(const fs::path& folder);

// The same bytes for the same content: in the order of paths, with each folder on the way, all of 1970 and root's.
[[nodiscard]] Status write_layer(const Layer& layer, Sink& sink);

// Whether a shared library belongs to the C library, by its file's name: the image's own has to be taken.
[[nodiscard]] bool is_of_the_c_library(std::string_view file_name);

}  // namespace simswarm::cluster
