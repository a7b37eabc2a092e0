#include "cluster/image_layer.h"

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "archive/plain_tar.h"
#include "base/text.h"
#include "cluster/swarm_record.h"

namespace simswarm::cluster {
namespace {

constexpr std::string_view kHome = "opt/simswarm";

class NoSink final : public Sink {
 public:
  Status write(std::string_view /*bytes*/) override { return {}; }
};

int note_object(dl_phdr_info* info, std::size_t /*size*/, void* all) {
  const std::string_view path = info->dlpi_name == nullptr ? "" : info->dlpi_name;
  if (path.starts_with('/')) static_cast<std::vector<fs::path>*>(all)->emplace_back(path);
  return 0;
}

std::vector<fs::path> loaded_libraries() {
  std::vector<fs::path> all;
  ::dl_iterate_phdr(note_object, &all);
  return all;
}

// Of one on the way, which the image may have already.
unsigned mode_of_folder(const std::string& path) {
  return path == "tmp" || path == "var/tmp" ? 01777 : 0755;
}

struct Item {
  const archive::Entry* entry = nullptr;  // none: a folder, or a link of ours
  std::string target{};                   // of such a link
};

std::map<std::string, Item> items_of(const Layer& layer) {
  std::map<std::string, Item> all;
  const auto add = [&](const std::string& path, Item item) {
    for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1))
      all.try_emplace(path.substr(0, end));
    all[path] = std::move(item);
  };
  for (const archive::Entry& entry : layer.entries) add(entry.path, {&entry});
  for (const auto& [path, target] : layer.links) add(path, {nullptr, target});
  return all;
}

Status write_file_of(const archive::Entry& entry, archive::TarWriter& tar) {
  Fd file(::open(entry.source.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) return system_error(errno, entry.source.string());
  if (!S_ISREG(info.st_mode)) return environment_error("{}: became something else", entry.source.string());
  const auto size = static_cast<std::uint64_t>(info.st_size);
  FileSource source(std::move(file), entry.source.string());
  return tar.file(entry.path, source, size, (info.st_mode & S_IXUSR) != 0 ? 0755 : 0644);
}

Status write_entry(const archive::Entry& entry, archive::TarWriter& tar) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(entry.source, error).type();
  if (error) return system_error(error.value(), entry.source.string());
  if (type == fs::file_type::directory) return tar.folder(entry.path, mode_of_folder(entry.path));
  if (type != fs::file_type::symlink) return write_file_of(entry, tar);
  const fs::path target = fs::read_symlink(entry.source, error);
  if (error) return system_error(error.value(), entry.source.string());
  return tar.link(entry.path, target.string());
}

// Of what the files are by their identities; empty: it cannot be told.
Result<Digest> fingerprint_of(const Layer& layer) {
  Hasher hasher;
  for (const archive::Entry& entry : layer.entries) {
    SIMSWARM_TRY(const FileIdentity id, identify_itself(entry.source));
    hasher.field(entry.path)
        .field(fmt::format("{} {} {} {} {}", id.device, id.inode, id.size, id.mtime_ns, id.ctime_ns));
  }
  return hasher.finish();
}

Status measure(Layer& layer) {
  NoSink nothing;
  HashingSink sink(nothing);
  SIMSWARM_CHECK(write_layer(layer, sink));
  layer.size = sink.size();
  layer.digest = sink.digest();
  return {};
}

// What was measured before, by the fingerprint. Only to save time: what is not there or damaged is measured again.
Status measure_once(Layer& layer) {
  SIMSWARM_TRY(const Digest fingerprint, fingerprint_of(layer));
  const fs::path file = swarms_folder() / ".layers" / fingerprint.hex();
  if (const Result<std::string> known = read_file(file)) {
    const auto words = split(trim(*known), ' ');
    const std::int64_t size = parse_int(words.back()).value_or(0);
    const Result<Digest> digest = Digest::parse(words.front());
    if (words.size() == 2 && size > 0 && digest) {
      layer.digest = *digest;
      layer.size = static_cast<std::uint64_t>(size);
      return {};
    }
  }
  SIMSWARM_CHECK(measure(layer));
  if (make_folders(file.parent_path()))
    (void)write_file_atomically(file, fmt::format("{} {}\n", layer.digest.hex(), layer.size));
  return {};
}

}  // namespace

bool is_of_the_c_library(std::string_view file_name) {
  constexpr std::array<std::string_view, 13> kNames{
      "ld-linux", "libBrokenLocale.", "libanl.",     "libc.",      "libdl.", "libm.",   "libmvec.",
      "libnss_",  "libnsl.",          "libpthread.", "libresolv.", "librt.", "libutil."};
  return std::any_of(kNames.begin(), kNames.end(), [&](auto name) { return file_name.starts_with(name); });
}

Result<Layer> program_layer(const fs::path& program) {
  Layer layer;
  layer.name = "simswarm";
  layer.entries.push_back({fmt::format("{}/bin/simswarm", kHome), program});
  for (const fs::path& library : loaded_libraries()) {
    const std::string name = library.filename().string();
    if (is_of_the_c_library(name)) continue;
    std::error_code error;  // its name is a link to the file
    layer.entries.push_back({fmt::format("{}/lib/{}", kHome, name), fs::canonical(library, error)});
    if (error) return system_error(error.value(), library.string());
  }
  layer.links["usr/local/bin/simswarm"] = fmt::format("/{}/bin/simswarm", kHome);
  SIMSWARM_CHECK(measure(layer));
  return layer;
}

Result<Layer> folder_layer(const fs::path& folder) {
  std::error_code error;
  const fs::path place = fs::canonical(folder, error);
  if (error || !fs::is_directory(place, error))
    return usage_error("--with {}: there is no such folder on this machine", folder.string());
  const fs::path wanted = fs::absolute(folder).lexically_normal();
  const std::string name = (wanted.has_filename() ? wanted : wanted.parent_path()).string();
  for (const std::string_view system :
       {"/", "/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/run", "/sbin", "/sys", "/usr", "/var"}) {
    if (name == system)
      return usage_error("--with {}: is a folder of the system; name the toolchain's own, like /opt/omnetpp-6.1", name);
  }
  Layer layer;
  layer.name = name;
  SIMSWARM_TRY(layer.entries, archive::entries_of(place));
  if (layer.entries.empty()) return usage_error("--with {}: the folder is empty", name);
  for (archive::Entry& entry : layer.entries) entry.path = name.substr(1) + "/" + entry.path;
  SIMSWARM_CHECK(measure_once(layer));
  return layer;
}

Status write_layer(const Layer& layer, Sink& sink) {
  archive::TarWriter tar(sink);
  for (const auto& [path, item] : items_of(layer)) {
    if (item.entry != nullptr) {
      SIMSWARM_CHECK(write_entry(*item.entry, tar));
    } else if (!item.target.empty()) {
      SIMSWARM_CHECK(tar.link(path, item.target));
    } else {
      SIMSWARM_CHECK(tar.folder(path, mode_of_folder(path)));
    }
  }
  return tar.end();
}

}  // namespace simswarm::cluster
