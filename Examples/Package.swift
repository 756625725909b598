// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

let cairn = Target.Dependency.product(name: "Cairn", package: "cairn")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "cairn-examples",
  platforms: [.macOS("26.0")],
  products: [
    .executable(name: "backup", targets: ["backup"])
  ],
  dependencies: [
    .package(name: "cairn", path: "../"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .executableTarget(
      name: "backup",
      dependencies: [
        cairn, system,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "BackupTests", dependencies: ["backup", cairn, system], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
