# The ros-* wheels of PyPI export include directories of the machine that built them
# (/opt/python/...) in their <package>__rosidl_generator_py targets, and CMake refuses to generate
# over a missing directory. This drops those; on an ordinary ROS it changes nothing.
function(drop_missing_wheel_directories)
  get_property(_targets DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" PROPERTY IMPORTED_TARGETS)
  foreach(_target IN LISTS _targets)
    get_target_property(_directories ${_target} INTERFACE_INCLUDE_DIRECTORIES)
    if("${_directories}" MATCHES "/opt/python/")
      list(FILTER _directories EXCLUDE REGEX "^/opt/python/")
      set_target_properties(${_target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${_directories}")
    endif()
  endforeach()
endfunction()
drop_missing_wheel_directories()
