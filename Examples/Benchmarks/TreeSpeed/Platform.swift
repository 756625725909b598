#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// No Foundation: it would take more memory than the trees that are measured.

/// Seconds that have passed, those of waiting for the disk included.
struct Stopwatch {
  private var began = Self.now

  mutating func start() { began = Self.now }

  var seconds: Double { Self.now - began }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// The most memory that this process has had, in MiB.
var peakMemory: Double {
  var usage = rusage()
  #if canImport(Darwin)
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1_048_576
  #else
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  #endif
}

func logarithm(_ value: Double) -> Double { log(value) }

/// A number with two digits behind the point.
func text(_ value: Double) -> String {
  let hundredths = Int((value * 100).rounded())
  let digits = String(hundredths % 100)
  return "\(hundredths / 100).\(digits.count == 1 ? "0" : "")\(digits)"
}

func report(_ name: String, _ value: Double) {
  print(name, text(value))
  fflush(nil)
}

func fail(_ message: String) -> Never {
  print(message)
  exit(2)
}
