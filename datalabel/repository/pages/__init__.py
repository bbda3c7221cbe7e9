"""Pages of pictures: what changed, what was found and who disagrees, drawn over the images."""
