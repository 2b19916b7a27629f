/// Runs a fuzz target over every file of the folders on the command line, so that what a fuzzer once found stays found.
/// A broken property aborts, after the file's name was printed. Exit status 1: a folder without files.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{argv[i]}) {
      if (!entry.is_regular_file()) continue;
      std::cout << entry.path().string() << std::endl;
      std::ifstream file{entry.path(), std::ios::binary};
      const std::vector<char> bytes{std::istreambuf_iterator<char>{file}, {}};
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++files;
    }
    if (files == 0) {
      std::cerr << argv[i] << ": no files to run" << std::endl;
      return 1;
    }
  }
  return 0;
}
